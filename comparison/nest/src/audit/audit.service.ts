import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Origin } from '../shared/http/request.js';
import { AuditEntry } from './audit-entry.entity.js';

export interface Deed {
  readonly action:
    | 'user.registered'
    | 'login.succeeded'
    | 'login.failed'
    | 'session.token_reused'
    | 'product.created';
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly sessionId?: string;
  readonly details?: Record<string, string>;
}

@Injectable()
export class AuditService {
  /** Writes the entry in the transaction of the deed: neither happens without the other. */
  async record(manager: EntityManager, deed: Deed, { address, requestId }: Origin): Promise<void> {
    await manager.insert(AuditEntry, { id: uuidv7(), ...deed, address, requestId });
  }
}
