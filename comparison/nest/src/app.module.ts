import { Module } from '@nestjs/common';
import { ConditionalModule, ConfigModule } from '@nestjs/config';
import { AuthModule } from './auth/auth.module.js';
import { configOptions } from './config/config-options.js';
import { ApiEnvironment } from './config/environment.js';
import { HealthModule } from './health/health.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { ProductsModule } from './products/products.module.js';
import { SharedCacheModule } from './shared/cache/cache.module.js';
import { DatabaseModule } from './shared/database/database.module.js';
import { HttpModule } from './shared/http/http.module.js';
import { RateLimitModule } from './shared/http/rate-limit.module.js';
import { LoggingModule } from './shared/logging/logging.module.js';
import { ProducerQueueModule } from './shared/queue/queue.module.js';
import { UsersModule } from './users/users.module.js';

@Module({
  imports: [
    ConfigModule.forRoot(configOptions(ApiEnvironment)),
    LoggingModule.forProcess('api'),
    HttpModule,
    DatabaseModule,
    SharedCacheModule,
    ProducerQueueModule,
    ConditionalModule.registerWhen(RateLimitModule, (env) => Boolean(env['RATE_LIMIT_PER_MINUTE']), {
      debug: false,
    }),
    AuthModule,
    UsersModule,
    ProductsModule,
    OrdersModule,
    HealthModule,
  ],
})
export class AppModule {}
