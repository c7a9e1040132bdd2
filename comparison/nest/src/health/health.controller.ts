import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/decorators/public.decorator.js';
import { NoParametersDto } from '../shared/http/dto/no-parameters.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('health')
@Public()
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('livez')
  live(@Query() _query: NoParametersDto) {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Query() _query: NoParametersDto) {
    await this.health.requireReady();
    return { status: 'ok' };
  }
}
