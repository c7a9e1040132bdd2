import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

type Schema = NonNullable<Extract<Parameters<typeof ApiResponse>[0], { schema: object }>['schema']>;

const answers = (status: number, item: Type, schema: Schema) =>
  applyDecorators(ApiExtraModels(item), ApiResponse({ status, schema }));

/** For the document: the resource in its envelope. */
export const ApiData = (item: Type, status = 200) =>
  answers(status, item, { properties: { data: { $ref: getSchemaPath(item) } }, required: ['data'] });

/** For the document: a page of a list. */
export const ApiPage = (item: Type) =>
  answers(200, item, {
    properties: {
      data: { type: 'array', items: { $ref: getSchemaPath(item) } },
      meta: { properties: { nextCursor: { type: 'string', nullable: true } } },
    },
    required: ['data', 'meta'],
  });
