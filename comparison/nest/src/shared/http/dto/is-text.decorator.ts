import { ValidateBy } from 'class-validator';

/** Postgres refuses U+0000; half a surrogate pair is no character. */
const NO_CONTROL_CHARACTERS = /^[^\p{Cc}\p{Cs}]*$/u;
const NO_CONTROL_CHARACTERS_BUT_BREAKS = /^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u;

const isText = (name: string, pattern: RegExp, min: number, max: number): PropertyDecorator =>
  ValidateBy({
    name,
    constraints: [min, max],
    validator: {
      validate: (value) =>
        typeof value === 'string' && value.length >= min && value.length <= max && pattern.test(value),
      defaultMessage: () => `must be text of ${min} to ${max} characters without control characters`,
    },
  });

/** Text of one line. Lengths in UTF-16 units. */
export const IsLine = (min: number, max: number) => isText('isLine', NO_CONTROL_CHARACTERS, min, max);

/** Text that may have line breaks and tabs. */
export const IsParagraphs = (max: number) => isText('isParagraphs', NO_CONTROL_CHARACTERS_BUT_BREAKS, 0, max);
