import type { FormFields } from './form-body.js';
import { PageError } from './page-error.js';
import type { Paging } from './page-models.js';

/** How many rows a page of a list shows. */
export const PAGE_SIZE = 50;

/**
 * The row that a page of a list begins before, by a parameter of the query.
 *
 * @throws PageError 400 if it is no id
 */
export function rowBefore(query: FormFields, name: string): number | undefined {
  const value = query.value(name);
  if (value === '') return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new PageError(400, 'badRequest');
  return Number(value);
}

/** A part of a list, newest first, and how it goes on. */
export interface ListPart {
  readonly listUrl: string;
  /** What was looked for, by parameter: it stays in the links. */
  readonly search: Readonly<Record<string, string>>;
  readonly isNewest: boolean;
  /** The rows that the next part begins before, by parameter; `undefined`: this is the last part. */
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
