/** What a document says about the interface as a whole (OpenAPI 3.1, Info Object). */
export interface OpenApiInfo {
  /** The name of the interface. */
  readonly title: string;
  /** The version of the interface, not of OpenAPI. */
  readonly version: string;
  /** A short summary. */
  readonly summary?: string | undefined;
  /** A description; CommonMark may be used. */
  readonly description?: string | undefined;
  /** The URL of the terms of service. */
  readonly termsOfService?: string | undefined;
  /** Who to ask. */
  readonly contact?:
    | {
        /** The name of the person or organization. */
        readonly name?: string | undefined;
        /** The address of a page about it. */
        readonly url?: string | undefined;
        /** An e-mail address. */
        readonly email?: string | undefined;
      }
    | undefined;
  /** The license: its name, and either its URL or its SPDX identifier. */
  readonly license?:
    | {
        /** The name of the license. */
        readonly name: string;
        /** The address of its text. */
        readonly url?: string | undefined;
        /** Its SPDX identifier, e.g. `MIT`. */
        readonly identifier?: string | undefined;
      }
    | undefined;
}

/** An OpenAPI 3.1 document: plain data, ready for `JSON.stringify`. */
export interface OpenApiDocument {
  /** The version of OpenAPI. */
  readonly openapi: '3.1.0';
  /** What is said about the interface as a whole. */
  readonly info: OpenApiInfo;
  /** Where it is. */
  readonly servers: readonly Readonly<Record<string, unknown>>[];
  /** The controllers. */
  readonly tags: readonly Readonly<Record<string, unknown>>[];
  /** Operations by path and lower-case method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  /** What operations refer to: schemas, answers, fields, security schemes. */
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Routes that a path of OpenAPI cannot express, such as regular expressions; absent if there are none. */
  readonly 'x-routes-not-expressed'?: readonly Readonly<Record<string, unknown>>[];
}
