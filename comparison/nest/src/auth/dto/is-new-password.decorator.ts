import { dictionary } from '@zxcvbn-ts/language-common';
import { ValidateBy } from 'class-validator';

const MIN_LENGTH = 12;
const MAX_LENGTH = 128;
const WELL_FORMED = /^\P{Cs}*$/u;
/** `abcabcabcabc`: one part, again and again. */
const REPEATED = /^(.+?)\1+$/su;
const SHORT_PART = 4;
const AROUND_WORD = /^\P{L}+|\P{L}+$/gu;
const COMMON: ReadonlySet<string> = new Set(dictionary['passwords-common']);

const isCommon = (password: string): boolean => {
  const text = password.normalize('NFKC').toLowerCase();
  const part = REPEATED.exec(text)?.[1];
  if (COMMON.has(text) || COMMON.has(text.replace(AROUND_WORD, ''))) return true;
  return part !== undefined && (part.length <= SHORT_PART || COMMON.has(part));
};

/** After NIST SP 800-63B: length in characters, any Unicode, none that everybody uses. */
const faultOf = (password: unknown): string | undefined => {
  if (typeof password !== 'string') return 'must be a string';
  if (password.length > 2 * MAX_LENGTH || !WELL_FORMED.test(password)) return 'must be valid Unicode';
  const { length } = [...password];
  if (length < MIN_LENGTH || length > MAX_LENGTH)
    return `must have ${MIN_LENGTH} to ${MAX_LENGTH} characters`;
  return isCommon(password) ? 'is among the first that anybody would guess' : undefined;
};

export const IsNewPassword = (): PropertyDecorator =>
  ValidateBy({
    name: 'isNewPassword',
    validator: {
      validate: (value) => faultOf(value) === undefined,
      defaultMessage: (occasion) => faultOf(occasion?.value) ?? '',
    },
  });
