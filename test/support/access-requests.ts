import { newProduct, unique } from './factories.js'
import type { Person, Stage, Stages } from './stage.js'

/** What a valid request has beside its method, its path template and the caller's token. */
export interface ValidRequest {
  /** What stands in the path for `:id` or `*`. */
  readonly parameter?: string
  readonly body?: object
}

export interface Scene extends Stage, Omit<Stages, 'setStage'> {
  /** The caller; of an anonymous one, who he says he is in the body. */
  readonly self: Person
}

type MakeRequest = (scene: Scene) => ValidRequest | Promise<ValidRequest>

const nothing: MakeRequest = () => ({})

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
}
