import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a mail proves: only the hash is kept. */
@Entity('one_time_tokens')
export class OneTimeToken {
  @PrimaryColumn('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('text')
  purpose: string;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;
}
