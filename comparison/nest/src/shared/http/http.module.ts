import { Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AllowedMethods } from './allowed-methods.js';
import { ProblemFilter } from './filters/problem.filter.js';
import { LoggingInterceptor } from './interceptors/logging.interceptor.js';
import { TransformInterceptor } from './interceptors/transform.interceptor.js';
import { InputValidationPipe } from './validation.pipe.js';

/** What holds for every route, whoever adds it. */
@Module({
  providers: [
    AllowedMethods,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_INTERCEPTOR, useClass: LoggingInterceptor },
    { provide: APP_INTERCEPTOR, useClass: TransformInterceptor },
    { provide: APP_PIPE, useClass: InputValidationPipe },
  ],
  exports: [AllowedMethods],
})
export class HttpModule {}
