import type { Adapter, AdapterPayload } from 'oidc-provider';

/** The base of oidc-provider's adapters; calls that a kind does not support throw. */
export abstract class BaseAdapter implements Adapter {
  abstract upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void>;
  abstract find(id: string): Promise<AdapterPayload | undefined>;
  abstract destroy(id: string): Promise<void>;

  findByUid(_uid: string): Promise<AdapterPayload | undefined> {
    return this.unsupported('findByUid');
  }

  findByUserCode(_userCode: string): Promise<AdapterPayload | undefined> {
    return this.unsupported('findByUserCode');
  }

  consume(_id: string): Promise<void> {
    return this.unsupported('consume');
  }

  revokeByGrantId(_grantId: string): Promise<void> {
    return this.unsupported('revokeByGrantId');
  }

  private unsupported(call: string): Promise<never> {
    return Promise.reject(new TypeError(`${this.constructor.name} has no ${call}.`));
  }
}
