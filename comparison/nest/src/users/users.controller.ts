import { CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/decorators/current-user.decorator.js';
import type { Principal } from '../auth/principal.js';
import { HttpCacheInterceptor } from '../shared/cache/http-cache.interceptor.js';
import { ApiData } from '../shared/http/api-response.decorator.js';
import { IdParams } from '../shared/http/dto/id.params.js';
import { NoParametersDto } from '../shared/http/dto/no-parameters.dto.js';
import { ProfileDto } from './dto/profile.dto.js';
import { UserDto } from './dto/user.dto.js';
import { UsersService } from './users.service.js';

/** Milliseconds. */
const PROFILE_TTL = 300_000;

@ApiTags('users')
@ApiBearerAuth()
@Controller('v1/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('me')
  @ApiData(UserDto)
  getMe(@CurrentUser() caller: Principal, @Query() _query: NoParametersDto): Promise<UserDto> {
    return this.users.getUser(caller.userId);
  }

  /** A profile is the same for every caller, so the URL is its key; the guards run before the cache. */
  @Get(':id')
  @ApiData(ProfileDto)
  @UseInterceptors(HttpCacheInterceptor)
  @CacheTTL(PROFILE_TTL)
  getProfile(@Param() { id }: IdParams, @Query() _query: NoParametersDto): Promise<ProfileDto> {
    return this.users.getProfile(id);
  }
}
