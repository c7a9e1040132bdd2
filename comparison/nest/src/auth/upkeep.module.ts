import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LockModule } from '../shared/lock/lock.module.js';
import { Session } from './entities/session.entity.js';
import { SessionsPruner } from './sessions.pruner.js';

/** What the worker does for this domain. */
@Module({
  imports: [TypeOrmModule.forFeature([Session]), LockModule],
  providers: [SessionsPruner],
})
export class AuthUpkeepModule {}
