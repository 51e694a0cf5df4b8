/** Staff looks for tokens. */
export const TOKENS = `<%
const { model, texts } = it;
const t = texts.tokens;
const problems = model.problem ? [{ field: 'hash', text: t.hashProblem }] : [];
layout('@frame', { title: t.title, hasProblem: problems.length > 0 });
%>
<h1><%= t.title %></h1>
<%~ include('@notice') %>
<p><%= t.lead %></p>
<%~ include('@problems', { problems }) %>
<form method="get" action="<%= model.search.action %>" role="search" class="search">
<div class="field"><label for="client_id"><%= t.clientId %></label><input id="client_id" name="client_id" type="search" autocomplete="off" spellcheck="false" maxlength="255" value="<%= model.search.clientId %>"></div>
<div class="field"><label for="user_id"><%= t.userId %></label><input id="user_id" name="user_id" type="search" autocomplete="off" spellcheck="false" maxlength="255" value="<%= model.search.userId %>"></div>
<div class="field"><label for="hash"><%= t.hashPrefix %></label><input id="hash" name="hash" type="search" autocomplete="off" spellcheck="false" pattern="[0-9a-fA-F]{4,64}" title="<%= t.hashProblem %>" value="<%= model.search.hashPrefix %>"<% if (model.problem) { %> aria-invalid="true" aria-describedby="problem"<% } %>></div>
<button type="submit"><%= texts.frame.search %></button>
</form>
<% if (model.tokens) { %>
<h2 id="results"><%= t.results %></h2>
<% if (model.tokens.length === 0) { %>
<p class="empty" role="status"><%= t.none %></p>
<% } else { %>
<table aria-labelledby="results">
<thead><tr>
<th scope="col"><%= t.hash %></th><th scope="col"><%= t.kind %></th><th scope="col"><%= t.application %></th><th scope="col"><%= t.user %></th><th scope="col"><%= t.scopes %></th><th scope="col"><%= t.created %></th><th scope="col"><%= t.expires %></th><th scope="col"><%= t.state %></th>
</tr></thead>
<tbody>
<% for (const token of model.tokens) { %>
<tr>
<th scope="row" data-label="<%= t.hash %>"><code><%= token.hashPrefix %></code></th>
<td data-label="<%= t.kind %>"><%= t[token.kind] %></td>
<td data-label="<%= t.application %>"><bdi><%= token.applicationName ?? token.clientId ?? '' %></bdi></td>
<td data-label="<%= t.user %>"><bdi><%= token.userId ?? t.noUser %></bdi></td>
<td data-label="<%= t.scopes %>"><%= token.scopes.join(' ') %></td>
<td data-label="<%= t.created %>"><time datetime="<%= it.isoDate(token.createdAtMilliseconds) %>"><%= it.date(token.createdAtMilliseconds) %></time></td>
<td data-label="<%= t.expires %>"><time datetime="<%= it.isoDate(token.expiresAtMilliseconds) %>"><%= it.date(token.expiresAtMilliseconds) %></time></td>
<td data-label="<%= t.state %>"><span class="state <%= token.state === 'active' ? 'on' : 'off' %>"><%= t[token.state] %></span><% if (token.revokeUrl) { %> <a class="button danger" href="<%= token.revokeUrl %>" aria-label="<%= it.fillText(t.revokeOf, { hash: token.hashPrefix }) %>"><%= t.revoke %></a><% } %></td>
</tr>
<% } %>
</tbody>
</table>
<% } %>
<%~ include('@paging') %>
<% } %>
`;
