import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsIn, IsOptional, IsUUID, MaxDate, MinDate } from 'class-validator';
import { PageQuery } from '../../shared/http/dto/page.query.js';
import { instant, lowerCase } from '../../shared/http/dto/transforms.js';
import { ORDER_STATUSES, type OrderStatus } from '../orders.status.js';

/** Years that Postgres, RFC 3339 and UUIDv7 all have. */
const FIRST = new Date(0);
const LAST = new Date('9999-12-31T23:59:59.999Z');

export class ListOrdersQuery extends PageQuery {
  /** Any of these: repeat the parameter. */
  @ApiPropertyOptional({ enum: ORDER_STATUSES, isArray: true })
  @IsOptional()
  @Transform(({ value }) => [value].flat())
  @ArrayMaxSize(ORDER_STATUSES.length)
  @IsIn(ORDER_STATUSES, { each: true })
  status?: OrderStatus[];

  @ApiPropertyOptional()
  @IsOptional()
  @Transform(instant)
  @MinDate(FIRST)
  @MaxDate(LAST)
  createdAfter?: Date;

  @ApiPropertyOptional()
  @IsOptional()
  @Transform(instant)
  @MinDate(FIRST)
  @MaxDate(LAST)
  createdBefore?: Date;

  /** For admins: this user's orders. */
  @ApiPropertyOptional()
  @IsOptional()
  @Transform(lowerCase)
  @IsUUID()
  userId?: string;
}
