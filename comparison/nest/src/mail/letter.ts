export interface Letter {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A control character would begin a line of its own, and some others turn the direction of all that follows. */
const oneLine = (text: string): string =>
  text.replace(/[\u202a-\u202e\u2066-\u2069]/gu, '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const LINK = /:\/\/|[\p{L}\p{N}][.\u3002\uff0e\uff61]\p{L}{2,}/u;

/** A name with a link in it would make our mail somebody else's letter: we greet without it. */
const hello = (name: string): string =>
  LINK.test(oneLine(name).replace(/\p{Cf}/gu, '')) ? 'Hello,' : `Hello ${oneLine(name)},`;

const letter = (subject: string, paragraphs: readonly (string | readonly string[])[]): Letter => {
  const lines = paragraphs.map((part) => [part].flat().map(oneLine));
  const title = escapeHtml(subject);
  const body = lines.map((part) => `<p>${part.map(escapeHtml).join('<br>')}</p>`).join('');
  return {
    subject,
    text: `${lines.map((part) => part.join('\n')).join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body>${body}</body></html>`,
  };
};

/** @param proof the link, or the bare token where there is no front end */
export const welcomeLetter = (name: string, proof: string): Letter =>
  letter('Welcome to Unnest', [
    hello(name),
    'your account is ready. You can log in now.',
    `Within three days, please confirm with this that the address is yours: ${proof}`,
  ]);

interface Line {
  readonly name: string;
  readonly quantity: number;
  readonly unitPriceAmount: number;
}

interface Confirmed {
  readonly id: string;
  readonly currency: string;
  readonly totalAmount: number;
}

/** 1999 EUR -> "€19.99": the currency knows how many minor units it has. */
const formatPrice = (amount: number, currency: string): string => {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
};

export const confirmationLetter = (
  name: string,
  { id, currency, totalAmount }: Confirmed,
  items: readonly Line[],
): Letter =>
  letter(`Your order ${id}`, [
    hello(name),
    `thank you for your order ${id}:`,
    items.map(
      (item) => `${item.quantity} x ${item.name}, ${formatPrice(item.unitPriceAmount, currency)} each`,
    ),
    `Total: ${formatPrice(totalAmount, currency)}`,
  ]);
