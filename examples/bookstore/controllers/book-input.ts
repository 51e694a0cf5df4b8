import { IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import type { Context } from 'koa';
import { type BodyOptions, createParamDecorator } from 'routing-controllers';
import { ApiError } from '../api-error.js';
import type { BookContent } from '../models/books.js';

const NO_CONTROL_CHARACTERS = { message: '$property must not hold control characters' };
const SOMETHING_VISIBLE = { message: '$property must not be blank' };

/** The body with which a book is added or replaced. */
export class BookBody {
  @IsString()
  @Length(1, 200)
  @Matches(/^\P{Cc}*$/u, NO_CONTROL_CHARACTERS)
  @Matches(/\S/, SOMETHING_VISIBLE)
  title!: string;

  @IsString()
  @Length(1, 200)
  @Matches(/^\P{Cc}*$/u, NO_CONTROL_CHARACTERS)
  @Matches(/\S/, SOMETHING_VISIBLE)
  author!: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(9999)
  publishedYear?: number | null;
}

/** For `@Body(...)`: refuses properties that are not declared. */
export const STRICT: BodyOptions = { validate: { whitelist: true, forbidNonWhitelisted: true } };

/**
 * The content of a valid body.
 *
 * @throws ApiError (400) for a list, which routing-controllers does not validate
 */
export function contentOf(body: BookBody): BookContent {
  if (!(body instanceof BookBody)) throw new ApiError(400, 'invalid_request', 'The body must be one JSON object.');
  return { title: body.title, author: body.author, publishedYear: body.publishedYear ?? null };
}

/** The id of a book in the path. */
export function BookId(): ParameterDecorator {
  return createParamDecorator({
    value: ({ context }) => wholeNumber('The id of a book', (context as PathContext).params.id, 1, 2_147_483_647),
  }) as ParameterDecorator;
}

/** The requested part of a long list. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

const LONGEST_PAGE = 100;

/** `after` and `limit` in the query. */
export function PageOfList(): ParameterDecorator {
  return createParamDecorator({
    value: ({ context }): Page => {
      const { after = '0', limit = String(LONGEST_PAGE) } = (context as Context).query;
      return {
        after: wholeNumber('The parameter after', after, 0, 2_147_483_647),
        limit: wholeNumber('The parameter limit', limit, 1, LONGEST_PAGE),
      };
    },
  }) as ParameterDecorator;
}

type PathContext = Context & { readonly params: Readonly<Record<string, string>> };

function wholeNumber(what: string, text: unknown, least: number, most: number): number {
  const number = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new ApiError(400, 'invalid_request', `${what} is a whole number from ${least} to ${most}.`);
  }
  return number;
}
