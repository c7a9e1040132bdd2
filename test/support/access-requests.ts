import { newProduct, unique } from './factories.js'
import type { Person, Stage, Stages } from './stage.js'
import { formOf, pngLike } from './uploads.js'

/** What a valid request has beside its method, its path template and the caller's token. */
export interface ValidRequest {
  /** What stands in the path for `:id` or `*`; several, one after the other. */
  readonly parameter?: string | readonly string[]
  /** A text is a form's. */
  readonly body?: object | string
  /** What a page wants beside. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Scene extends Stage, Omit<Stages, 'setStage'> {
  /** The caller; of an anonymous one, who he says he is in the body. */
  readonly self: Person
  /** Where the service listens. */
  readonly url: string
}

type MakeRequest = (scene: Scene) => ValidRequest | Promise<ValidRequest>

/** A path template with its parameters in it. */
export const fillPath = (template: string, parameter: string | readonly string[] = ''): string => {
  const parameters = [parameter].flat()
  return template.replace(/:\w+|\*$/g, () => parameters.shift() ?? '')
}

const nothing: MakeRequest = () => ({})

/** To a page, as a browser with that person's cookie would. */
const page =
  (make: MakeRequest = nothing): MakeRequest =>
  async (scene) => ({
    ...(await make(scene)),
    headers: { origin: scene.url, cookie: scene.self.pageCookie },
  })

const deadLetterIn =
  (queue: string): MakeRequest =>
  async ({ deadLetter }) => ({ parameter: [queue, await deadLetter(queue)] })

/**
 * A valid request to each route: it fails for want of a right or not at all. What an address names is the
 * owner's, whoever calls.
 */
export const requests: Readonly<Record<string, MakeRequest>> = {
  'GET /livez': nothing,
  'GET /readyz': nothing,
  'GET /openapi.json': nothing,
  'GET /.well-known/jwks.json': nothing,
  'GET /docs': nothing,
  'GET /docs/': nothing,
  'GET /docs/json': nothing,
  'GET /docs/yaml': nothing,
  'GET /docs/static/index.html': nothing,
  'GET /docs/static/swagger-initializer.js': nothing,
  'GET /docs/static/*': () => ({ parameter: 'swagger-ui.css' }),

  'POST /v1/auth/register': ({ self }) => ({
    body: { email: `${unique('new')}@example.com`, password: self.password, name: 'Ada' },
  }),
  'POST /v1/auth/login': ({ self }) => ({ body: { email: self.email, password: self.password } }),
  'POST /v1/auth/refresh': ({ self }) => ({ body: { refreshToken: self.refreshToken } }),
  'POST /v1/auth/verify-email': async ({ self, mailToken }) => ({
    body: { token: await mailToken(self, 'verify_email') },
  }),
  'POST /v1/auth/verify-email/resend': nothing,
  'POST /v1/auth/password/forgot': ({ self }) => ({ body: { email: self.email } }),
  'POST /v1/auth/password/reset': async ({ self, mailToken }) => ({
    body: { token: await mailToken(self, 'reset_password'), password: unique('a new password') },
  }),
  'POST /v1/auth/password/change': ({ self }) => ({
    body: { currentPassword: self.password, newPassword: unique('a new password') },
  }),
  'POST /v1/auth/logout': nothing,
  'GET /v1/auth/sessions': nothing,
  'DELETE /v1/auth/sessions/:id': ({ owner }) => ({ parameter: owner.sessionId }),

  'GET /v1/users/me': nothing,
  'PATCH /v1/users/me': () => ({ body: { name: 'Augusta' } }),
  'DELETE /v1/users/me': nothing,
  'GET /v1/users/:id': ({ owner }) => ({ parameter: owner.id }),
  'GET /v1/users': nothing,
  'PATCH /v1/users/:id': ({ owner }) => ({ parameter: owner.id, body: { role: 'admin' } }),

  'GET /v1/products': nothing,
  'GET /v1/products/:id': ({ productId }) => ({ parameter: productId }),
  'POST /v1/products': () => ({ body: newProduct() }),
  'PATCH /v1/products/:id': ({ productId }) => ({ parameter: productId, body: { stock: 7 } }),
  'DELETE /v1/products/:id': ({ productId }) => ({ parameter: productId }),

  'GET /v1/orders': nothing,
  'POST /v1/orders': ({ productId }) => ({ body: { items: [{ productId, quantity: 1 }] } }),
  'GET /v1/orders/:id': ({ orderId }) => ({ parameter: orderId }),
  'GET /v1/orders/:id/events': ({ orderId }) => ({ parameter: orderId }),
  'POST /v1/orders/:id/confirm': ({ orderId }) => ({ parameter: orderId }),
  'POST /v1/orders/:id/ship': async ({ orderId, moveOrder }) => {
    await moveOrder(orderId, 'confirmed')
    return { parameter: orderId }
  },
  'POST /v1/orders/:id/deliver': async ({ orderId, moveOrder }) => {
    await moveOrder(orderId, 'shipped')
    return { parameter: orderId }
  },
  'POST /v1/orders/:id/cancel': ({ orderId }) => ({ parameter: orderId }),

  'GET /v1/admin/queues': nothing,
  'GET /v1/admin/queues/:queue/failed': () => ({ parameter: 'mail' }),
  'GET /v1/admin/queues/:queue/jobs/:id': deadLetterIn('mail'),
  'POST /v1/admin/queues/:queue/requeue': () => ({ parameter: 'mail', body: { filter: {} } }),
  'POST /v1/admin/queues/:queue/discard': () => ({ parameter: 'mail', body: { filter: {} } }),
  'GET /v1/admin/health': nothing,
  'GET /v1/admin/schedule': nothing,

  'GET /admin': page(),
  'GET /admin/login': page(),
  'POST /admin/login': async (scene) => {
    const { headers } = await page()(scene)
    const { email, password } = scene.self
    return {
      body: new URLSearchParams({ email, password }).toString(),
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    }
  },
  'POST /admin/logout': page(),
  'GET /admin/queues': page(),
  'GET /admin/queues/': page(),
  'GET /admin/queues/metrics-history': page(),
  'GET /admin/queues/job-schedulers': page(),
  'GET /admin/queues/queue/:queueName': page(() => ({ parameter: 'mail' })),
  'GET /admin/queues/queue/:queueName/:jobId': page(deadLetterIn('mail')),
  'GET /admin/queues/static/*': page(() => ({ parameter: 'favicon.ico' })),
  'GET /admin/queues/api/queues': page(),
  'GET /admin/queues/api/queues/:queueName/:jobId': page(deadLetterIn('mail')),
  'GET /admin/queues/api/queues/:queueName/:jobId/logs': page(deadLetterIn('mail')),
  'GET /admin/queues/api/queues/:queueName/:jobId/flow': page(deadLetterIn('mail')),
  'PUT /admin/queues/api/queues/:queueName/:jobId/retry': page(deadLetterIn('mail')),
  'PUT /admin/queues/api/queues/:queueName/:jobId/clean': page(deadLetterIn('mail')),
  'PUT /admin/queues/api/queues/:queueName/retry/:queueStatus': page(() => ({
    parameter: ['mail', 'failed'],
  })),
  'PUT /admin/queues/api/queues/:queueName/clean/:queueStatus': page(() => ({
    parameter: ['mail', 'failed'],
  })),
  'GET /v1/uploads': nothing,
  'POST /v1/uploads': () => ({ body: formOf(pngLike(100)) }),
  'GET /v1/uploads/:id': ({ uploadId }) => ({ parameter: uploadId }),
  'GET /v1/uploads/:id/content': ({ uploadId }) => ({ parameter: uploadId }),
  'DELETE /v1/uploads/:id': ({ uploadId }) => ({ parameter: uploadId }),
  'GET /v1/media/:id': ({ mediaId }) => ({ parameter: mediaId }),
  'GET /v1/realtime': nothing,
  'GET /v1/webhooks': nothing,
  'POST /v1/webhooks': () => ({ body: { url: 'https://example.com/hook', events: ['order.placed'] } }),
  'GET /v1/webhooks/:id': ({ webhookId }) => ({ parameter: webhookId }),
  'PATCH /v1/webhooks/:id': ({ webhookId }) => ({ parameter: webhookId, body: { enabled: false } }),
  'DELETE /v1/webhooks/:id': ({ webhookId }) => ({ parameter: webhookId }),
  'POST /v1/webhooks/:id/rotate-secret': ({ webhookId }) => ({ parameter: webhookId }),
  'POST /v1/webhooks/:id/test': ({ webhookId }) => ({ parameter: webhookId }),
  'GET /v1/webhooks/:id/deliveries': ({ webhookId }) => ({ parameter: webhookId }),
  'GET /v1/webhooks/:id/deliveries/:deliveryId': ({ webhookId, deliveryId }) => ({
    parameter: [webhookId, deliveryId],
  }),
  'POST /v1/webhooks/:id/deliveries/:deliveryId/redeliver': ({ webhookId, deliveryId }) => ({
    parameter: [webhookId, deliveryId],
  }),
}
