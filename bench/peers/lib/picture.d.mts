import type { Row } from './summary.mjs';

export function picture(report: { readonly rows: readonly Partial<Row>[] }): string;
