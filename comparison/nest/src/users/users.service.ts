import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull, type Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import type { Role } from '../auth/principal.js';
import { violatedConstraint } from '../shared/database/failures.js';
import type { Origin } from '../shared/http/request.js';
import { mediaUrl } from '../shared/media-url.js';
import { EmailQueue } from '../shared/queue/email.queue.js';
import type { ProfileDto } from './dto/profile.dto.js';
import type { UserDto } from './dto/user.dto.js';
import { User } from './entities/user.entity.js';
import { EmailTakenException, UserNotFoundException } from './users.errors.js';

export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
}

/** What a log-in is checked against. */
export interface Credentials {
  readonly id: string;
  readonly role: Role;
  readonly passwordHash: string | null;
}

const canLogIn = { deletedAt: IsNull(), disabledAt: IsNull() };
const credentials = { id: true, role: true, passwordHash: true } as const;

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly emails: EmailQueue,
  ) {}

  async create({ email, name, passwordHash }: NewUser, origin: Origin): Promise<UserDto> {
    const user = this.users.create({ id: uuidv7(), email, name, passwordHash });
    try {
      await this.dataSource.transaction(async (manager) => {
        await manager.insert(User, user);
        const who = { actorId: user.id, subjectId: user.id };
        await this.audit.record(manager, { action: 'user.registered', ...who }, origin);
      });
    } catch (error) {
      throw violatedConstraint(error) === 'users_email_key' ? new EmailTakenException() : error;
    }
    await this.emails.sendWelcome({ userId: user.id });
    return this.toUser(user);
  }

  async getUser(id: string): Promise<UserDto> {
    const user = await this.users.findOneBy({ id, deletedAt: IsNull() });
    if (!user) throw new UserNotFoundException();
    return this.toUser(user);
  }

  async getProfile(id: string): Promise<ProfileDto> {
    const user = await this.users.findOne({
      select: { id: true, name: true, avatarId: true, createdAt: true },
      where: { id, deletedAt: IsNull() },
    });
    if (!user) throw new UserNotFoundException();
    const { name, avatarId, createdAt } = user;
    return { id: user.id, name, avatarUrl: mediaUrl(avatarId), createdAt: createdAt.toISOString() };
  }

  findCredentialsByEmail(email: string): Promise<Credentials | null> {
    return this.users.findOne({ select: credentials, where: { email, ...canLogIn } });
  }

  findCredentialsById(id: string): Promise<Credentials | null> {
    return this.users.findOne({ select: credentials, where: { id, ...canLogIn } });
  }

  /** The same as they are by now if the password is still that one; they stay so until the transaction ends. */
  async holdCredentials(
    manager: EntityManager,
    { id, passwordHash }: Credentials,
  ): Promise<Credentials | undefined> {
    const held = await manager.findOne(User, {
      select: credentials,
      where: { id, ...canLogIn },
      lock: { mode: 'pessimistic_read' },
    });
    return held && held.passwordHash === passwordHash ? held : undefined;
  }

  private toUser(user: User): UserDto {
    return {
      id: user.id,
      // Not null while the user is not deleted, and no other is read.
      email: user.email ?? '',
      emailVerified: user.emailVerifiedAt != null,
      name: user.name,
      avatarUrl: mediaUrl(user.avatarId ?? null),
      role: user.role,
      createdAt: user.createdAt.toISOString(),
      updatedAt: user.updatedAt.toISOString(),
    };
  }
}
