import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A log-in: the whole family of its refresh tokens. */
@Entity('sessions')
export class Session {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('bytea', { name: 'refresh_token_hash' })
  refreshTokenHash: Buffer;

  @Column('bytea', { name: 'family_hash', nullable: true })
  familyHash: Buffer | null;

  @Column('bytea', { name: 'previous_token_hash', nullable: true })
  previousTokenHash: Buffer | null;

  @Column('bytea', { name: 'successor_seed', nullable: true })
  successorSeed: Buffer | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;

  @Column('timestamptz', { name: 'rotated_at', nullable: true })
  rotatedAt: Date | null;

  @Column('timestamptz', { name: 'last_used_at', default: () => 'now()' })
  lastUsedAt: Date;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  @Column('inet', { nullable: true })
  address: string | null;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt: Date | null;

  @Column('text', { name: 'end_reason', nullable: true })
  endReason: string | null;
}
