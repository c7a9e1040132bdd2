import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { answerVersioned, expectedVersions, mayRevalidate, noteVersion } from '../shared/http/conditional.js'
import { noContent } from '../shared/http/no-content.js'
import { originOf } from '../shared/http/origin.js'
import { decodeCursor, idOf, pageQuery, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import {
  newWebhookBody,
  webhookChangesBody,
  webhookPage,
  webhookParams,
  webhookSchema,
  webhookWithSecretSchema,
} from './webhooks.schemas.js'
import type { Owner, WebhooksService } from './webhooks.service.js'

const tags = ['webhooks']
const access = 'signed-in'
const change = { access, conditional: 'if-match' } as const

export interface WebhooksRoutesOptions {
  readonly webhooksService: WebhooksService
}

const ownerOf = (request: FastifyRequest): Owner => ({
  principal: principalOf(request),
  origin: originOf(request),
})

/**
 * One's own webhooks. Making one and rotating its secret are not idempotent by key: the remembered answer would be the
 * secret, in clear, for a day.
 */
export const webhooksRoutes: FastifyPluginCallbackZod<WebhooksRoutesOptions> = (
  app,
  { webhooksService },
  done,
) => {
  app.post(
    '',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Make a webhook; its secret is shown this once',
        body: newWebhookBody,
        response: { 201: webhookWithSecretSchema },
      },
    },
    async (request, reply) => {
      const webhook = await webhooksService.createWebhook(ownerOf(request), request.body)
      reply.code(201).header('location', `/v1/webhooks/${webhook.id}`)
      return noteVersion(reply, webhook)
    },
  )

  app.get(
    '',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Own webhooks, newest first',
        querystring: pageQuery,
        response: { 200: webhookPage },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const { userId } = principalOf(request)
      const filters = { list: 'webhooks', caller: userId }
      const after = decodeCursor(filters, cursor)
      return toPage(filters, limit, await webhooksService.listWebhooks(userId, limit + 1, after), idOf)
    },
  )

  app.get(
    '/:id',
    {
      config: { access, conditional: 'if-none-match' },
      schema: { tags, summary: 'A webhook', params: webhookParams, response: { 200: webhookSchema } },
    },
    async (request, reply) => {
      const webhook = await webhooksService.getWebhook(principalOf(request).userId, request.params.id)
      return answerVersioned(request, mayRevalidate(reply), webhook)
    },
  )

  app.patch(
    '/:id',
    {
      config: change,
      schema: {
        tags,
        summary: 'Change, disable or enable a webhook',
        params: webhookParams,
        body: webhookChangesBody,
        response: { 200: webhookSchema },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const expected = expectedVersions(request)
      return noteVersion(
        reply,
        await webhooksService.changeWebhook(ownerOf(request), params.id, body, expected),
      )
    },
  )

  app.delete(
    '/:id',
    {
      config: change,
      schema: { tags, summary: 'Delete a webhook', params: webhookParams, response: noContent },
    },
    async (request, reply) => {
      await webhooksService.deleteWebhook(ownerOf(request), request.params.id, expectedVersions(request))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/:id/rotate-secret',
    {
      config: change,
      schema: {
        tags,
        summary: 'Make a new secret, shown this once; the old one signs as well for a day',
        params: webhookParams,
        response: { 200: webhookWithSecretSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      return noteVersion(
        reply,
        await webhooksService.rotateSecret(ownerOf(request), id, expectedVersions(request)),
      )
    },
  )

  done()
}
