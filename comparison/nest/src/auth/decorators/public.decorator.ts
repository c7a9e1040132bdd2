import { SetMetadata } from '@nestjs/common';

export const IS_PUBLIC = 'isPublic';

/** Lets everybody call it; all else asks for a token. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
