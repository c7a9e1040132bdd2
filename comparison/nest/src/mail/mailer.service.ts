import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Letter } from './letter.js';

const CONNECTION_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 5;

type Deliver = (key: string, mail: SendMailOptions) => Promise<void>;

/** `smtps://` is TLS from the first byte, `smtp://` must offer STARTTLS, `?tls=none` does without. */
const smtpOptions = (text: string) => {
  const url = new URL(text);
  const isImplicit = url.protocol === 'smtps:';
  const isPlain = url.searchParams.get('tls') === 'none';
  const port = url.port === '' ? (isImplicit ? 465 : isPlain ? 25 : 587) : Number(url.port);
  const auth = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  return {
    pool: true as const,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    secure: isImplicit,
    requireTLS: !isImplicit && !isPlain,
    ignoreTLS: isPlain,
    ...(auth.user !== '' && { auth }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    greetingTimeout: CONNECTION_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxConnections: MAX_CONNECTIONS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
};

/** Hands mails in: over SMTP, into files while no server is named, or to nobody for load tests. */
@Injectable()
export class MailerService implements OnApplicationShutdown {
  private readonly from: string;
  private readonly domain: string;
  private readonly deliver: Deliver;
  private close = (): void => {};

  constructor(config: ConfigService) {
    this.from = config.getOrThrow('MAIL_FROM');
    this.domain = /@([^@>]+)>?\s*$/.exec(this.from)?.[1]?.toLowerCase() ?? 'localhost';
    const url = config.get<string>('SMTP_URL');
    if (url === 'discard:') this.deliver = async () => {};
    else if (url) this.deliver = this.overSmtp(url);
    else this.deliver = this.intoFiles(join(config.getOrThrow('DATA_DIR'), 'mail'));
  }

  /** @param key the same in every try: who gets a mail twice can tell by its Message-ID that it is one */
  async send(key: string, address: string, letter: Letter): Promise<void> {
    await this.deliver(key, {
      ...letter,
      from: this.from,
      // An object, not a text: an address cannot smuggle in a second recipient.
      to: { name: '', address },
      messageId: `<${key}@${this.domain}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  }

  onApplicationShutdown(): void {
    this.close();
  }

  private overSmtp(url: string): Deliver {
    const transport = createTransport(smtpOptions(url));
    this.close = () => transport.close();
    return async (_key, mail) => {
      await transport.sendMail(mail);
    };
  }

  private intoFiles(directory: string): Deliver {
    const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
    return async (key, mail) => {
      const { message } = await transport.sendMail(mail);
      await mkdir(directory, { recursive: true });
      const unfinished = join(directory, `.${key}.part`);
      await writeFile(unfinished, message as Buffer);
      await rename(unfinished, join(directory, `${key}.eml`));
    };
  }
}
