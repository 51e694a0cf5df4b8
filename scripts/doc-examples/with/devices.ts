import { Service } from 'typedi';

declare class Device {
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  static query(): { findOne(columns: object): Promise<Device | undefined> };
}
