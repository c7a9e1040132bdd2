import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { expectedVersions, noteVersion } from '../shared/http/conditional.js'
import { principalOf } from '../shared/http/principal-of.js'
import { orderParams, orderSchema } from './orders.schemas.js'
import type { TransitionsService } from './transitions.service.js'

const admins = { roles: ['admin'] } as const

export interface TransitionsRoutesOptions {
  readonly transitionsService: TransitionsService
}

/** What can be done with an order. Whoever sends If-Match does it only to the version that he has seen. */
export const transitionsRoutes: FastifyPluginCallbackZod<TransitionsRoutesOptions> = (
  app,
  { transitionsService },
  done,
) => {
  const transitions = [
    { verb: 'confirm', summary: 'Confirm an order', access: admins, move: transitionsService.confirmOrder },
    { verb: 'ship', summary: 'Ship an order', access: admins, move: transitionsService.shipOrder },
    { verb: 'deliver', summary: 'Deliver an order', access: admins, move: transitionsService.deliverOrder },
    {
      verb: 'cancel',
      summary: 'Cancel an order',
      access: 'signed-in',
      move: transitionsService.cancelOrder,
    },
  ] as const

  for (const { verb, summary, access, move } of transitions) {
    app.post(
      `/:id/${verb}`,
      {
        config: { access, conditional: 'if-match' },
        schema: { tags: ['orders'], summary, params: orderParams, response: { 200: orderSchema } },
      },
      async (request, reply) => {
        const order = await move(principalOf(request), request.params.id, expectedVersions(request))
        return noteVersion(reply, order)
      },
    )
  }

  done()
}
