import type { EndpointForm } from '../../ports.js';
import type { Texts } from './texts.js';

/** A form: where it is sent by POST, and the hidden fields that have to come along (the CSRF token among them). */
export type PageForm = EndpointForm;

/** A scope with what people are told of it. */
export interface DescribedScope {
  /** Its name. */
  readonly name: string;
  /** The description from the option `scopes`, or its name. */
  readonly description: string;
}

/** An application as pages show it. Its name is the text of a stranger. */
export interface ShownApplication {
  /** Its client identifier. */
  readonly clientId: string;
  /** Its name, as its owner chose it. */
  readonly name: string;
  /** The host of its metadata document, which tells who it is, if it was registered by one. */
  readonly documentHost: string | undefined;
}

/** The links between the parts of a list, which is newest first; `undefined` where there is no such part. */
export interface Paging {
  /** The first part, from any other. */
  readonly newestUrl: string | undefined;
  /** The next part. */
  readonly olderUrl: string | undefined;
}

/** A link to an address of an application's. */
export interface PageLink {
  /** The address. */
  readonly href: string;
  /** What is shown for it. */
  readonly text: string;
}

/** What was just done. */
export type Notice = keyof Texts['notices'];
