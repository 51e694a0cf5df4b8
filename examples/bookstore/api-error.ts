/** A refusal of the bookstore's own, in the shape that the package's refusals have. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** What a program reads. */
    readonly code: string,
    description: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
  }
}

/** 404 for a thing that is not there. */
export function notFound(what: string): ApiError {
  return new ApiError(404, 'not_found', `There is no such ${what}.`);
}
