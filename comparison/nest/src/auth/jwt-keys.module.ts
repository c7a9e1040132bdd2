import { Module } from '@nestjs/common';
import { JwtKeys } from './jwt-keys.js';

@Module({ providers: [JwtKeys], exports: [JwtKeys] })
export class JwtKeysModule {}
