import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthUpkeepModule } from './auth/upkeep.module.js';
import { configOptions } from './config/config-options.js';
import { WorkerEnvironment } from './config/environment.js';
import { MailModule } from './mail/mail.module.js';
import { DatabaseModule } from './shared/database/database.module.js';
import { LoggingModule } from './shared/logging/logging.module.js';
import { WorkerQueueModule } from './shared/queue/queue.module.js';

@Module({
  imports: [
    ConfigModule.forRoot(configOptions(WorkerEnvironment)),
    LoggingModule.forProcess('worker'),
    DatabaseModule,
    WorkerQueueModule,
    ScheduleModule.forRoot(),
    MailModule,
    AuthUpkeepModule,
  ],
})
export class WorkerModule {}
