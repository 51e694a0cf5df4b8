/** Whether a method only reads (RFC 9110 §9.2.1), as DRF's `SAFE_METHODS`: GET, HEAD and OPTIONS. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
