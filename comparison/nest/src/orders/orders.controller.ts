import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/decorators/current-user.decorator.js';
import type { Principal } from '../auth/principal.js';
import { ApiData, ApiPage } from '../shared/http/api-response.decorator.js';
import { IdParams } from '../shared/http/dto/id.params.js';
import { NoParametersDto } from '../shared/http/dto/no-parameters.dto.js';
import type { Page } from '../shared/http/page.js';
import type { AppResponse } from '../shared/http/request.js';
import { ListOrdersQuery } from './dto/list-orders.query.js';
import { OrderDto } from './dto/order.dto.js';
import { PlaceOrderDto } from './dto/place-order.dto.js';
import { OrdersService } from './orders.service.js';

@ApiTags('orders')
@ApiBearerAuth()
@Controller('v1/orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  @ApiData(OrderDto, 201)
  async place(
    @CurrentUser() buyer: Principal,
    @Body() body: PlaceOrderDto,
    @Query() _query: NoParametersDto,
    @Res({ passthrough: true }) response: AppResponse,
  ): Promise<OrderDto> {
    const order = await this.orders.place(buyer, body);
    response.header('location', `/v1/orders/${order.id}`);
    return order;
  }

  @Get()
  @ApiPage(OrderDto)
  list(@CurrentUser() caller: Principal, @Query() query: ListOrdersQuery): Promise<Page<OrderDto>> {
    return this.orders.list(caller, query);
  }

  @Get(':id')
  @ApiData(OrderDto)
  @Header('cache-control', 'private, no-cache')
  get(
    @CurrentUser() caller: Principal,
    @Param() { id }: IdParams,
    @Query() _query: NoParametersDto,
  ): Promise<OrderDto> {
    return this.orders.get(caller, id);
  }

  @Post(':id/cancel')
  @ApiData(OrderDto)
  @HttpCode(200)
  cancel(
    @CurrentUser() caller: Principal,
    @Param() { id }: IdParams,
    @Body() _body: NoParametersDto,
    @Query() _query: NoParametersDto,
  ): Promise<OrderDto> {
    return this.orders.cancel(caller, id);
  }
}
