import { createMcpHandler, fromJsonSchema, McpServer, requireScopes } from '@modelcontextprotocol/server';
import { books } from './books.js';

const BOOK = fromJsonSchema<{ title: string }>({
  type: 'object',
  properties: { title: { type: 'string', minLength: 1, maxLength: 200 } },
  required: ['title'],
});

/** The tools of the books, each with all the scopes that it needs: a challenge has to name all of them. */
export const tools = createMcpHandler(() => {
  const server = new McpServer({ name: 'bookshelf', version: '1.0.0' });
  server.registerTool(
    'list-books',
    { description: 'Lists the books.', scopeChallenge: requireScopes('books:read') },
    async () => text(books.join('\n')),
  );
  server.registerTool(
    'add-book',
    {
      description: 'Adds a book.',
      inputSchema: BOOK,
      scopeChallenge: requireScopes('books:read', 'books:write'),
    },
    async ({ title }, { http }) => {
      books.push(title);
      return text(`${String(http?.authInfo?.extra?.userId)} added ${title}.`);
    },
  );
  return server;
});

function text(content: string) {
  return { content: [{ type: 'text' as const, text: content }] };
}
