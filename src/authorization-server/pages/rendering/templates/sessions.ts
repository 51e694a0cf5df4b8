/** Where a user is signed in. */
export const SESSIONS = `<%
const { model, texts } = it;
const t = texts.sessions;
const title = model.search ? t.staffTitle : t.title;
layout('@frame', { title });
%>
<h1><%= title %></h1>
<%~ include('@notice') %>
<% if (model.search) { %>
<form method="get" action="<%= model.search.action %>" role="search" class="search">
<div class="field"><label for="user_id"><%= t.userId %></label><input id="user_id" name="user_id" type="search" autocomplete="off" spellcheck="false" maxlength="255" value="<%= model.search.userId %>"></div>
<button type="submit"><%= texts.frame.search %></button>
</form>
<% } else { %>
<p><%= t.lead %></p>
<% } %>
<% if (model.sessions) { %>
<% if (model.sessions.length === 0) { %>
<p class="empty" role="status"><%= t.none %></p>
<% } else { %>
<ul class="items">
<% for (const session of model.sessions) { %>
<li>
<div class="item-text">
<h2><bdi><%= session.browser ?? t.unknownBrowser %></bdi><% if (session.isCurrent) { %> <span class="state on"><%= t.current %></span><% } %></h2>
<p><%~ it.fillHtml(t.address, { address: session.address ?? t.unknownAddress }) %></p>
<p class="hint"><%~ it.fillHtml(t.times, { begun: it.date(session.begunAtMilliseconds), seen: it.date(session.lastSeenAtMilliseconds) }) %></p>
</div>
<a class="button danger" href="<%= session.endUrl %>" aria-label="<%= it.fillText(t.endOf, { browser: session.browser ?? t.unknownBrowser }) %>"><%= t.end %></a>
</li>
<% } %>
</ul>
<% } %>
<% if (model.endAllUrl) { %>
<p><a class="button danger" href="<%= model.endAllUrl %>"><%= model.search ? t.endAll : t.endOthers %></a></p>
<% } %>
<%~ include('@paging') %>
<% } %>
`;
