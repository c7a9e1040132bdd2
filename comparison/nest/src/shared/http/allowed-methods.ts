import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Knows which methods an address takes, so that the wrong one is a 405 with `Allow` and no 404. */
@Injectable()
export class AllowedMethods {
  private routes: readonly { readonly pattern: RegExp; readonly allow: string }[] = [];

  /** Reads them from the document, which Swagger has collected from all controllers at boot. */
  learn({ paths }: OpenAPIObject): void {
    this.routes = Object.entries(paths)
      // `/users/me` before `/users/{id}`.
      .sort(([one], [other]) => Number(one.includes('{')) - Number(other.includes('{')))
      .map(([path, item]) => {
        const methods = METHODS.filter((method) => item[method]).map((method) => method.toUpperCase());
        const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
        return {
          pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
          allow: allowed.join(', '),
        };
      });
  }

  /** The value of `Allow`; undefined when there is no such address. */
  of(url: string): string | undefined {
    const path = url.split('?', 1)[0] ?? '';
    return this.routes.find(({ pattern }) => pattern.test(path))?.allow;
  }
}
