import { Body, Controller, Get, Header, Param, Post, Query, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/decorators/current-user.decorator.js';
import { Public } from '../auth/decorators/public.decorator.js';
import { Roles } from '../auth/decorators/roles.decorator.js';
import type { Principal } from '../auth/principal.js';
import { HttpCacheInterceptor } from '../shared/cache/http-cache.interceptor.js';
import { ApiData, ApiPage } from '../shared/http/api-response.decorator.js';
import { IdParams } from '../shared/http/dto/id.params.js';
import { NoParametersDto } from '../shared/http/dto/no-parameters.dto.js';
import type { Page } from '../shared/http/page.js';
import { type AppRequest, type AppResponse, originOf } from '../shared/http/request.js';
import { CreateProductDto } from './dto/create-product.dto.js';
import { ListProductsQuery } from './dto/list-products.query.js';
import { ProductDto } from './dto/product.dto.js';
import { ProductsService } from './products.service.js';

@ApiTags('products')
@Controller('v1/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  @ApiPage(ProductDto)
  @Public()
  @UseInterceptors(HttpCacheInterceptor)
  list(@Query() query: ListProductsQuery): Promise<Page<ProductDto>> {
    return this.products.list(query);
  }

  @Get(':id')
  @ApiData(ProductDto)
  @Public()
  @Header('cache-control', 'private, no-cache')
  @UseInterceptors(HttpCacheInterceptor)
  get(@Param() { id }: IdParams, @Query() _query: NoParametersDto): Promise<ProductDto> {
    return this.products.get(id);
  }

  @Post()
  @ApiData(ProductDto, 201)
  @Roles('admin')
  @ApiBearerAuth()
  async create(
    @CurrentUser() editor: Principal,
    @Body() body: CreateProductDto,
    @Query() _query: NoParametersDto,
    @Req() request: AppRequest,
    @Res({ passthrough: true }) response: AppResponse,
  ): Promise<ProductDto> {
    const product = await this.products.create(editor, body, originOf(request));
    response.header('location', `/v1/products/${product.id}`);
    return product;
  }
}
