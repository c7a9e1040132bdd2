import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AllowedMethods } from './shared/http/allowed-methods.js';

/** Serves the page at /docs and the document at /openapi.json. */
export const setUpSwagger = (app: INestApplication): void => {
  const config = new DocumentBuilder()
    .setTitle('Unnest, the Nest baseline')
    .setVersion('1')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config);
  app.get(AllowedMethods).learn(document);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json' });
};
