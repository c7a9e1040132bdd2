import { Body, Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiData } from '../shared/http/api-response.decorator.js';
import { NoParametersDto } from '../shared/http/dto/no-parameters.dto.js';
import { type AppRequest, type AppResponse, originOf } from '../shared/http/request.js';
import { UserDto } from '../users/dto/user.dto.js';
import { AuthService } from './auth.service.js';
import { Public } from './decorators/public.decorator.js';
import { LoginDto } from './dto/login.dto.js';
import { RefreshDto } from './dto/refresh.dto.js';
import { RegisterDto } from './dto/register.dto.js';
import { TokensDto } from './dto/tokens.dto.js';

@ApiTags('auth')
@Public()
@Controller('v1/auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('register')
  @ApiData(UserDto, 201)
  async register(
    @Body() body: RegisterDto,
    @Query() _query: NoParametersDto,
    @Req() request: AppRequest,
    @Res({ passthrough: true }) response: AppResponse,
  ): Promise<UserDto> {
    const user = await this.auth.register(body, originOf(request));
    response.header('location', `/v1/users/${user.id}`);
    return user;
  }

  @Post('login')
  @ApiData(TokensDto)
  @HttpCode(200)
  login(
    @Body() body: LoginDto,
    @Query() _query: NoParametersDto,
    @Req() request: AppRequest,
  ): Promise<TokensDto> {
    return this.auth.login(body, originOf(request));
  }

  @Post('refresh')
  @ApiData(TokensDto)
  @HttpCode(200)
  refresh(
    @Body() { refreshToken }: RefreshDto,
    @Query() _query: NoParametersDto,
    @Req() request: AppRequest,
  ): Promise<TokensDto> {
    return this.auth.refresh(refreshToken, originOf(request));
  }
}
