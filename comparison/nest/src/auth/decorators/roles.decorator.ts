import { SetMetadata } from '@nestjs/common';
import type { Role } from '../principal.js';

export const ALLOWED_ROLES = 'allowedRoles';

/** Lets only these roles call it. */
export const Roles = (...roles: readonly Role[]) => SetMetadata(ALLOWED_ROLES, roles);
