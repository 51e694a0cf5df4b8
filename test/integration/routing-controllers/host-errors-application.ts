import { type Context, type Next } from 'koa';
import {
  Authorized,
  Controller,
  Get,
  HttpError,
  InternalServerError,
  JsonController,
  NotFoundError,
  UnauthorizedError,
} from 'routing-controllers';
import {
  Access,
  AccessDeniedError,
  AllowAny,
  type Authenticator,
  allOf,
  anyOf,
  not,
  type Permission,
  Public,
  type RequestAccess,
  Throttle,
  TokenHasScope,
} from '../../../src/public/index.js';

class Does implements Permission {
  constructor(
    private readonly ofRequest: (access: RequestAccess) => unknown,
    private readonly ofObject: (access: RequestAccess) => unknown = () => true,
  ) {}
  hasPermission(access: RequestAccess): boolean {
    return this.ofRequest(access) as boolean;
  }
  hasObjectPermission(access: RequestAccess): boolean {
    return this.ofObject(access) as boolean;
  }
}

export class Legal extends HttpError {
  readonly headers = { Link: '<https://legal.example>; rel="blocked-by"', 'X-Reasons': 'one' };
  readonly law = '§ 5';
  constructor() {
    super(451, 'Not in your country.');
    Object.setPrototypeOf(this, Legal.prototype);
    this.name = 'Legal';
  }
}

const payment = () => {
  throw new HttpError(402, 'Pay first.');
};
const hidden = () => {
  throw new NotFoundError('There is no such book.');
};
const legal = () => {
  throw new Legal();
};
const byKoa = ({ context }: RequestAccess) => context.throw(409, 'Busy.', { headers: { 'X-Busy': 'yes' }, book: 7 });
const fault = () => {
  throw new TypeError('SELECT password FROM users');
};
const secret = ({ context }: RequestAccess) => context.throw(500, 'SELECT password FROM users');
const later = (what: (access: RequestAccess) => unknown) => async (access: RequestAccess) => what(access);
const yes = () => true;
const no = () => false;

class Scopes extends TokenHasScope {
  override getScopes(): string[] {
    throw new NotFoundError('There are no scopes.');
  }
  override validate(): void {}
}

@JsonController('/host-errors')
export class Json {
  @Authorized(new Does(payment))
  @Get('/402')
  payment() {}

  @Authorized(new Does(later(payment)))
  @Get('/402-later')
  paymentLater() {}

  @Authorized(new Does(hidden))
  @Get('/404')
  hidden() {}

  @Authorized(new Does(legal))
  @Get('/451')
  legal() {}

  @Authorized(new Does(byKoa))
  @Get('/koa')
  koa() {}

  @Authorized(new Does(later(byKoa)))
  @Get('/koa-later')
  koaLater() {}

  @Authorized(Scopes)
  @Get('/scopes')
  scopes() {}

  @Authorized(new Does(fault))
  @Get('/fault')
  fault() {}

  @Authorized(new Does(later(fault)))
  @Get('/fault-later')
  faultLater() {}

  @Authorized(new Does(secret))
  @Get('/secret')
  secret() {}

  @Authorized(
    new Does(() => {
      throw new HttpError(200, 'This is fine.');
    }),
  )
  @Get('/fine')
  fine() {
    return { leaked: true };
  }

  @Authorized(
    new Does(() => {
      throw Object.assign(new Error('The billing service said no.'), { status: 404 });
    }),
  )
  @Get('/foreign-status')
  foreignStatus() {}

  @Authorized(
    new Does(() => {
      throw new UnauthorizedError('Sign in again.');
    }),
  )
  @Get('/401')
  unauthorized() {}

  @Authorized(
    new Does(() => {
      throw new InternalServerError('The ledger is closed.');
    }),
  )
  @Get('/500')
  internal() {}

  @Authorized(new Does(yes, hidden))
  @Get('/object-404')
  async object(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }

  @Authorized(new Does(yes, later(byKoa)))
  @Get('/object-koa')
  async objectKoa(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }

  @Authorized(new Does(yes, fault))
  @Get('/object-fault')
  async objectFault(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }

  @Authorized(new Does(yes, hidden))
  @Get('/object-caught')
  async objectCaught(@Access() access: RequestAccess) {
    const caught = await access.checkObject({}).catch((error: Error) => error.message);
    return { caught };
  }

  @Public()
  @Throttle({ name: 'subject', rate: '5/s', subject: hidden as never })
  @Get('/throttle-subject')
  throttleSubject() {}

  @Public()
  @Throttle({ name: 'rate', rate: later(byKoa as never) as never, subject: () => 'x' })
  @Get('/throttle-rate')
  throttleRate() {}

  @Public()
  @Throttle({ name: 'cost', rate: '5/s', subject: () => 'x', cost: payment as never })
  @Get('/throttle-cost')
  throttleCost() {}

  @Authorized(allOf(AllowAny, new Does(hidden), new Does(no)))
  @Get('/all')
  all() {}

  @Authorized(allOf(new Does(no), new Does(hidden)))
  @Get('/all-after-no')
  allAfterNo() {}

  @Authorized(not(new Does(hidden)))
  @Get('/not')
  not() {
    return { leaked: true };
  }

  @Authorized(anyOf(new Does(hidden), new Does(yes)))
  @Get('/any-yes-behind')
  anyYesBehind() {
    return { ok: true };
  }

  @Authorized(anyOf(new Does(later(hidden)), new Does(later(yes))))
  @Get('/any-yes-behind-later')
  anyYesBehindLater() {
    return { ok: true };
  }

  @Authorized(
    anyOf(
      new Does(() => {
        throw new AccessDeniedError('Not you.');
      }),
      new Does(yes),
    ),
  )
  @Get('/any-oauth-error')
  anyOauthError() {
    return { ok: true };
  }

  @Authorized(anyOf(new Does(no), new Does(later(hidden)), new Does(payment)))
  @Get('/any-first')
  anyFirst() {}

  @Authorized(anyOf(new Does(fault), new Does(yes)))
  @Get('/any-fault')
  anyFault() {
    return { leaked: true };
  }

  @Authorized(anyOf(new Does(hidden, yes), new Does(yes, no)))
  @Get('/any-object')
  async anyObject(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }
}

@Controller('/host-errors-text')
export class Text {
  @Authorized(new Does(hidden))
  @Get('/404')
  hidden() {}
}

export class Keys implements Authenticator {
  authenticate(context: Context): undefined {
    if (context.get('X-Key') === 'unpaid') throw new HttpError(402, 'Pay for the key.');
    if (context.get('X-Key') === 'broken') context.throw(418, 'A teapot.');
    return undefined;
  }
}

export interface Seen {
  readonly name: string;
  readonly message: string;
  readonly status: unknown;
}

/** What the host's own error handling has seen, where there is one. */
export const seen: Seen[] = [];

export async function hostErrorHandling(context: Context, next: Next) {
  try {
    await next();
  } catch (error) {
    const { name, message, httpCode, status } = error as Error & { httpCode?: number; status?: number };
    seen.push({ name, message, status: httpCode ?? status });
    context.status = httpCode ?? status ?? 500;
    context.body = { byHost: name };
  }
}
