import 'reflect-metadata';
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { JwtService } from '@nestjs/jwt';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { UsersService } from '../users/users.service.js';
import { InvalidCredentialsException } from './auth.errors.js';
import { AuthService } from './auth.service.js';
import { PasswordsService } from './passwords.service.js';
import { SessionsService } from './sessions.service.js';

const origin = { address: null, userAgent: null, requestId: 'request-1' };

test('a log-in with an unknown address costs a hash, and is recorded', async () => {
  const passwords = { verify: mock.fn(async () => false) };
  const audit = { record: mock.fn(async () => {}) };
  const module = await Test.createTestingModule({
    providers: [
      AuthService,
      { provide: UsersService, useValue: { findCredentialsByEmail: async () => null } },
      { provide: PasswordsService, useValue: passwords },
      { provide: AuditService, useValue: audit },
      { provide: DataSource, useValue: { manager: {} } },
      { provide: SessionsService, useValue: {} },
      { provide: JwtService, useValue: {} },
    ],
  }).compile();
  const login = module.get(AuthService).login({ email: 'ada@example.com', password: 'wrong' }, origin);
  await assert.rejects(login, InvalidCredentialsException);
  assert.equal(passwords.verify.mock.callCount(), 1);
  assert.equal(audit.record.mock.callCount(), 1);
});
