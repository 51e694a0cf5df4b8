import type { Context } from 'koa';
import type { PageForm } from '../rendering/page-parts.js';
import { CSRF_FIELD, type Csrf, type CsrfSubject } from './csrf.js';
import { type FormFields, readForm } from './form-body.js';

/** Creates forms and reads them when they are submitted. */
export class Forms {
  constructor(private readonly csrf: Csrf) {}

  /** Creates a form that is bound to this browser and to its action. */
  make(
    context: Context,
    action: string,
    subject: CsrfSubject,
    hidden: Readonly<Record<string, string>> = {},
  ): PageForm {
    return { action, hidden: { ...hidden, [CSRF_FIELD]: this.csrf.tokenFor(context, subject) } };
  }

  /**
   * Reads a submitted form.
   *
   * @param lists the fields that may occur more than once
   * @throws PageError 400, 413 or 415 if it cannot be read, 403 if `make` did not create it for this subject
   */
  async take(context: Context, subject: CsrfSubject, lists?: readonly string[]): Promise<FormFields> {
    const fields = await readForm(context, lists);
    this.csrf.check(context, subject, fields.value(CSRF_FIELD));
    return fields;
  }
}
