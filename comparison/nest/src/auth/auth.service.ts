import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { UnauthenticatedException } from '../shared/http/errors/problem.exception.js';
import type { Origin } from '../shared/http/request.js';
import type { UserDto } from '../users/dto/user.dto.js';
import { type Credentials, UsersService } from '../users/users.service.js';
import { InvalidCredentialsException } from './auth.errors.js';
import type { LoginDto } from './dto/login.dto.js';
import type { RegisterDto } from './dto/register.dto.js';
import type { TokensDto } from './dto/tokens.dto.js';
import { ACCESS_TOKEN_SECONDS } from './jwt-keys.js';
import { PasswordsService } from './passwords.service.js';
import { type ContinuedSession, SessionsService } from './sessions.service.js';

@Injectable()
export class AuthService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: PasswordsService,
    private readonly jwt: JwtService,
    private readonly audit: AuditService,
  ) {}

  async register({ email, name, password }: RegisterDto, origin: Origin): Promise<UserDto> {
    const passwordHash = await this.passwords.hash(password);
    return this.users.create({ email, name, passwordHash }, origin);
  }

  async login({ email, password }: LoginDto, origin: Origin): Promise<TokensDto> {
    const credentials = await this.users.findCredentialsByEmail(email);
    const matches = await this.passwords.verify(credentials?.passwordHash, password);
    const session = credentials && matches ? await this.openSession(credentials, origin) : undefined;
    if (!session) {
      await this.recordFailure(credentials, origin);
      throw new InvalidCredentialsException();
    }
    return session;
  }

  async refresh(refreshToken: string, origin: Origin): Promise<TokensDto> {
    const session = await this.sessions.refresh(refreshToken, origin);
    const credentials = await this.users.findCredentialsById(session.userId);
    // Disabled or deleted a moment ago.
    if (!credentials) throw new UnauthenticatedException();
    return this.toTokens(session, credentials);
  }

  /** Undefined when the credentials have changed since they were read. */
  private openSession(credentials: Credentials, origin: Origin): Promise<TokensDto | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const held = await this.users.holdCredentials(manager, credentials);
      if (!held) return undefined;
      const session = await this.sessions.open(manager, held.id, origin);
      const who = { actorId: held.id, subjectId: held.id, sessionId: session.sessionId };
      await this.audit.record(manager, { action: 'login.succeeded', ...who }, origin);
      return this.toTokens(session, held);
    });
  }

  private async recordFailure(credentials: Credentials | null, origin: Origin): Promise<void> {
    const deed = { action: 'login.failed', actorId: null, subjectId: credentials?.id ?? null } as const;
    await this.audit.record(this.dataSource.manager, deed, origin);
  }

  private async toTokens(session: ContinuedSession, { role }: Credentials): Promise<TokensDto> {
    const { userId, sessionId, refreshToken, refreshExpiresIn } = session;
    const accessToken = await this.jwt.signAsync({ sub: userId, sid: sessionId, role });
    return {
      accessToken,
      tokenType: 'Bearer',
      expiresIn: ACCESS_TOKEN_SECONDS,
      refreshToken,
      refreshExpiresIn,
    };
  }
}
