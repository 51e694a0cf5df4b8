import type { FormFields } from '../forms/form-body.js';
import { PageError } from '../page-error.js';
import type { Paging } from './page-parts.js';

/** The number of rows on a page of a list. */
export const PAGE_SIZE = 50;

/**
 * The row before which a page of a list begins, from a query parameter.
 *
 * @throws PageError 400 if it is not an id
 */
export function rowBefore(query: FormFields, name: string): number | undefined {
  const value = query.value(name);
  if (value === '') return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new PageError(400, 'badRequest');
  return Number(value);
}

/** A part of a list, newest first, and how it continues. */
export interface ListPart {
  readonly listUrl: string;
  /** The search parameters, which are kept in the links. */
  readonly search: Readonly<Record<string, string>>;
  readonly isNewest: boolean;
  /** The rows before which the next part begins, by parameter; `undefined`: this is the last part. */
  readonly older: Readonly<Record<string, number | undefined>> | undefined;
}

/** The links to the other parts of a list. */
export function pagingOf({ listUrl, search, isNewest, older }: ListPart): Paging {
  return {
    newestUrl: isNewest ? undefined : urlWith(listUrl, search),
    olderUrl: older === undefined ? undefined : urlWith(listUrl, { ...search, ...older }),
  };
}

function urlWith(listUrl: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.size === 0 ? listUrl : `${listUrl}?${query}`;
}
