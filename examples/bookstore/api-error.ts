/** A refusal of the bookstore itself, with the same body as the package's refusals. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** The code for programs. */
    readonly code: string,
    description: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
  }
}

/** 404 for something that does not exist. */
export function notFound(what: string): ApiError {
  return new ApiError(404, 'not_found', `There is no such ${what}.`);
}
