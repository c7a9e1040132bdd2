/** No quoted local parts and none beyond ASCII: few mailboxes have them, and every mail server takes the others. */
export const EMAIL_RULES = { allow_utf8_local_part: false, blacklisted_chars: '"' };
