import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, type Repository } from 'typeorm';
import { Order } from '../orders/entities/order.entity.js';
import { OrderItem } from '../orders/entities/order-item.entity.js';
import type { SendOrderConfirmation, SendWelcome } from '../shared/queue/email.jobs.js';
import { User } from '../users/entities/user.entity.js';
import { OneTimeToken } from './entities/one-time-token.entity.js';
import { confirmationLetter, welcomeLetter } from './letter.js';
import { MailerService } from './mailer.service.js';

const TOKEN_BYTES = 32;

interface Recipient {
  readonly address: string;
  readonly name: string;
}

/** Writes the mails. Who was deleted in the meantime gets none, and nothing has failed. */
@Injectable()
export class EmailsService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @InjectRepository(OrderItem) private readonly items: Repository<OrderItem>,
    @InjectRepository(OneTimeToken) private readonly tokens: Repository<OneTimeToken>,
    private readonly mailer: MailerService,
    private readonly config: ConfigService,
  ) {}

  async sendWelcome(key: string, { userId }: SendWelcome): Promise<void> {
    const recipient = await this.recipient(userId);
    if (!recipient) return;
    const proof = this.proofOf(await this.issueToken(userId));
    await this.mailer.send(key, recipient.address, welcomeLetter(recipient.name, proof));
  }

  async sendOrderConfirmation(key: string, { orderId, userId }: SendOrderConfirmation): Promise<void> {
    const recipient = await this.recipient(userId);
    if (!recipient) return;
    const order = await this.orders.findOneByOrFail({ id: orderId, userId });
    const items = await this.items.find({ where: { orderId }, order: { position: 'ASC' } });
    await this.mailer.send(key, recipient.address, confirmationLetter(recipient.name, order, items));
  }

  private async recipient(id: string): Promise<Recipient | undefined> {
    const user = await this.users.findOneBy({ id, deletedAt: IsNull() });
    return user?.email ? { address: user.email, name: user.name } : undefined;
  }

  /** Proves the address for three days; the mail has its only copy. */
  private async issueToken(userId: string): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    await this.tokens.insert({
      tokenHash: createHash('sha256').update(token).digest(),
      userId,
      purpose: 'verify_email',
      expiresAt: () => `now() + interval '3 days'`,
    });
    return token;
  }

  /** Behind a #, where no server's log shows it. */
  private proofOf(token: string): string {
    const appUrl = this.config.get<string>('APP_URL');
    return appUrl ? `${appUrl.replace(/\/$/, '')}/verify-email#token=${token}` : token;
  }
}
