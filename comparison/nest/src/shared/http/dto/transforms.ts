import type { TransformFnParams } from 'class-transformer';

/** What is of another type stays as it is: the validator refuses it. */
const ofText =
  (change: (text: string) => unknown) =>
  ({ value }: TransformFnParams): unknown =>
    typeof value === 'string' ? change(value) : value;

export const lowerCase = ofText((text) => text.toLowerCase());
export const trim = ofText((text) => text.trim());

/** A number of a query in plain digits: `Number` alone would also read '' as 0 and '0x10' as 16. */
export const wholeNumber = ofText((text) => (/^\d{1,15}$/.test(text) ? Number(text) : text));

const INSTANT =
  /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339 to a Date; anything else stays text. */
export const instant = ofText((text) => {
  const date = new Date(text);
  const isReal = INSTANT.test(text) && !Number.isNaN(date.getTime()) && isCalendarDay(text.slice(0, 10));
  return isReal ? date : text;
});

/** `Date` makes 1 March of 30 February. */
const isCalendarDay = (day: string): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
