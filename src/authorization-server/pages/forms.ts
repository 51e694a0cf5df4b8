import type { Context } from 'koa';
import { CSRF_FIELD, type Csrf, type CsrfSubject } from './csrf.js';
import { type FormFields, readForm } from './form-body.js';
import type { PageForm } from './page-models.js';

/** Makes forms of ours and takes them back. */
export class Forms {
  constructor(private readonly csrf: Csrf) {}

  /** A form that is bound to this browser and to what it does. */
  make(
    context: Context,
    action: string,
    subject: CsrfSubject,
    hidden: Readonly<Record<string, string>> = {},
  ): PageForm {
    return { action, hidden: { ...hidden, [CSRF_FIELD]: this.csrf.tokenFor(context, subject) } };
  }

  /**
   * Reads a form that was sent.
   *
   * @param lists the fields that may come more than once
   * @throws PageError 400, 413 or 415 if it cannot be read, 403 if it was not made by `make` for this subject
   */
  async take(context: Context, subject: CsrfSubject, lists?: readonly string[]): Promise<FormFields> {
    const fields = await readForm(context, lists);
    this.csrf.check(context, subject, fields.value(CSRF_FIELD));
    return fields;
  }
}
