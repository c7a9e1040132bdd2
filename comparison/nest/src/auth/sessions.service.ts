import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import type { Origin } from '../shared/http/request.js';
import { InvalidRefreshTokenException } from './auth.errors.js';
import { Session } from './entities/session.entity.js';
import {
  decodeToken,
  encodeToken,
  hashOf,
  isSecret,
  newRefreshToken,
  newSeed,
  type RefreshToken,
  successorOf,
} from './refresh-token.js';

const SESSION_SECONDS = 30 * 24 * 3_600;
/** Parallel tabs, and a client that asks again because the answer got lost. */
const GRACE_SECONDS = 10;

export interface ContinuedSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
  /** Seconds. */
  readonly refreshExpiresIn: number;
}

interface LockedSession {
  readonly session: Session;
  readonly secondsLeft: number;
  readonly secondsSinceRotation: number | null;
}

@Injectable()
export class SessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
  ) {}

  /** Opens a session in the transaction that has made sure who it is. */
  async open(
    manager: EntityManager,
    userId: string,
    { address, userAgent }: Origin,
  ): Promise<ContinuedSession> {
    const sessionId = uuidv7();
    const token = newRefreshToken();
    await manager.insert(Session, {
      id: sessionId,
      userId,
      familyHash: hashOf(token.family),
      refreshTokenHash: hashOf(token.secret),
      expiresAt: () => `now() + interval '${SESSION_SECONDS} seconds'`,
      address,
      userAgent,
    });
    return { sessionId, userId, refreshToken: encodeToken(token), refreshExpiresIn: SESSION_SECONDS };
  }

  /**
   * Changes a refresh token for its successor; the same token again within 10 s gets the same one. Later, as with any
   * older token, somebody else has it too: the session ends.
   */
  async refresh(refreshToken: string, origin: Origin): Promise<ContinuedSession> {
    const token = decodeToken(refreshToken);
    // What a reused token has caused is to be committed: thrown behind the transaction, not in it.
    const session =
      token && (await this.dataSource.transaction((manager) => this.exchange(manager, token, origin)));
    if (!session) throw new InvalidRefreshTokenException();
    return session;
  }

  private async exchange(
    manager: EntityManager,
    token: RefreshToken,
    origin: Origin,
  ): Promise<ContinuedSession | undefined> {
    const locked = await this.lock(manager, token);
    if (!locked || locked.session.endedAt !== null || locked.secondsLeft <= 0) return undefined;
    const { session } = locked;
    const successor = await this.successor(manager, token, locked, origin);
    if (!successor) {
      await this.endReused(manager, session, origin);
      return undefined;
    }
    const { id: sessionId, userId } = session;
    const refreshExpiresIn = Math.floor(locked.secondsLeft);
    return { sessionId, userId, refreshToken: encodeToken(successor), refreshExpiresIn };
  }

  /** Refreshes of one log-in come one after the other, on whatever pod. */
  private async lock(manager: EntityManager, { family }: RefreshToken): Promise<LockedSession | undefined> {
    const { entities, raw } = await manager
      .createQueryBuilder(Session, 'session')
      .addSelect('extract(epoch from session.expires_at - now())::float8', 'seconds_left')
      .addSelect(
        'extract(epoch from clock_timestamp() - session.rotated_at)::float8',
        'seconds_since_rotation',
      )
      .where('session.family_hash = :hash', { hash: hashOf(family) })
      .setLock('for_no_key_update')
      .getRawAndEntities<{ seconds_left: number; seconds_since_rotation: number | null }>();
    const [session] = entities;
    const [times] = raw;
    if (!session || !times) return undefined;
    return {
      session,
      secondsLeft: times.seconds_left,
      secondsSinceRotation: times.seconds_since_rotation,
    };
  }

  /** Undefined when the token was used before. */
  private async successor(
    manager: EntityManager,
    token: RefreshToken,
    { session, secondsSinceRotation }: LockedSession,
    { address, userAgent }: Origin,
  ): Promise<RefreshToken | undefined> {
    const { id, refreshTokenHash, previousTokenHash, successorSeed } = session;
    if (isSecret(token.secret, refreshTokenHash)) {
      const seed = newSeed();
      const successor = successorOf(token, seed);
      await manager.update(Session, id, {
        refreshTokenHash: hashOf(successor.secret),
        previousTokenHash: refreshTokenHash,
        successorSeed: seed,
        rotatedAt: () => 'clock_timestamp()',
        lastUsedAt: () => 'now()',
        address,
        userAgent,
      });
      return successor;
    }
    const inGrace = secondsSinceRotation !== null && secondsSinceRotation <= GRACE_SECONDS;
    if (inGrace && successorSeed && isSecret(token.secret, previousTokenHash)) {
      return successorOf(token, successorSeed);
    }
    return undefined;
  }

  private async endReused(manager: EntityManager, { id, userId }: Session, origin: Origin): Promise<void> {
    await manager.update(Session, id, { endedAt: () => 'clock_timestamp()', endReason: 'token_reused' });
    const deed = { action: 'session.token_reused', actorId: null, subjectId: userId, sessionId: id } as const;
    await this.audit.record(manager, deed, origin);
  }
}
