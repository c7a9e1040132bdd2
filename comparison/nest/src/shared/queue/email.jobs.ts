export const EMAIL_QUEUE = 'email';

export interface SendWelcome {
  readonly userId: string;
}

export interface SendOrderConfirmation {
  readonly orderId: string;
  readonly userId: string;
}

export const SEND_WELCOME = 'send-welcome';
export const SEND_ORDER_CONFIRMATION = 'send-order-confirmation';
