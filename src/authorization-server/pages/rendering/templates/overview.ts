/** What staff sees of the last hour and the last day. */
export const OVERVIEW = `<%
const { model, texts } = it;
const t = texts.overview;
layout('@frame', { title: t.title });
%>
<h1><%= t.title %></h1>
<% if (model.source === 'processes') { %>
<p><%= t.ofProcesses %></p>
<% } else { %>
<p<% if (model.source === 'alone') { %> class="problem" role="status"<% } %>><%~ it.fillHtml(model.source === 'alone' ? t.ofAlone : t.ofProcess, { date: it.date(model.sinceMilliseconds) }) %></p>
<% } %>
<h2 id="state"><%= t.state %></h2>
<dl class="facts">
<% for (const { name, state } of model.stores) { %>
<div><dt><%= t['store-' + name] %></dt><dd><span class="state <%= state === 'up' ? 'on' : 'off' %>"><%= t[state] %></span></dd></div>
<% } %>
<% if (model.connections) { %>
<div><dt><%= t.connections %></dt><dd><%= it.fillText(t.connectionsValue, { used: it.number(model.connections.used), free: it.number(model.connections.free), waiting: it.number(model.connections.waiting) }) %></dd></div>
<% } %>
<div><dt><%= t.liveTokens %></dt><dd><%= model.liveTokens === undefined ? t.notCounted : it.number(model.liveTokens) %></dd></div>
<div><dt><%= t.cachedTokens %></dt><dd><%= it.number(model.cachedTokens) %></dd></div>
<% if (model.revocationLagMilliseconds !== undefined) { %>
<div><dt><%= t.lag %></dt><dd><%= it.fillText(t.lagValue, { milliseconds: it.number(Math.ceil(model.revocationLagMilliseconds)) }) %></dd></div>
<% } %>
</dl>
<p class="hint"><%= t.stateHint %></p>
<% for (const topic of model.topics) { %>
<section aria-labelledby="<%= topic.id %>">
<h2 id="<%= topic.id %>"><%= topic.title %></h2>
<div class="pictures">
<% for (const picture of topic.pictures) { %>
<figure>
<figcaption><%= picture.title %></figcaption>
<%~ picture.svg %>
<% if (picture.series.length > 0) { %>
<ul class="legend">
<% for (const series of picture.series) { %>
<li><span class="swatch <%= series.className %>" aria-hidden="true"></span><bdi><%= series.name %></bdi> <strong><%= it.number(series.total) %></strong></li>
<% } %>
</ul>
<% } %>
<% if (picture.rows.length === 0) { %>
<p class="hint"><%= t.nothing %></p>
<% } else { %>
<details>
<summary><%= t.numbers %></summary>
<table>
<caption class="hidden"><%= picture.title %></caption>
<thead><tr><th scope="col"><%= t.time %></th><% for (const series of picture.series) { %><th scope="col"><%= series.name %></th><% } %></tr></thead>
<tbody>
<% for (const row of picture.rows) { %>
<tr><th scope="row" data-label="<%= t.time %>"><time datetime="<%= it.isoDate(row.atMilliseconds) %>"><%= it.date(row.atMilliseconds) %></time></th><% row.values.forEach((value, index) => { %><td data-label="<%= picture.series[index].name %>"><%= it.number(value) %></td><% }) %></tr>
<% } %>
</tbody>
</table>
</details>
<% } %>
</figure>
<% } %>
</div>
</section>
<% } %>
<section aria-labelledby="limits">
<h2 id="limits"><%= t.limits %></h2>
<p class="hint"><%= t.limitsHint %></p>
<div class="pictures">
<% for (const span of model.policies) { %>
<figure>
<figcaption><%= span.title %></figcaption>
<% if (span.policies.length === 0) { %>
<p class="hint"><%= t.nothing %></p>
<% } else { %>
<%~ span.svg %>
<details>
<summary><%= t.numbers %></summary>
<table>
<caption class="hidden"><%= span.title %></caption>
<thead><tr><th scope="col"><%= t.policy %></th><th scope="col"><%= t.peak %></th><th scope="col"><%= t.allowed %></th><th scope="col"><%= t.refusedHere %></th><th scope="col"><%= t.undecided %></th></tr></thead>
<tbody>
<% for (const policy of span.policies) { %>
<tr><th scope="row" data-label="<%= t.policy %>"><bdi><%= policy.name %></bdi></th><td data-label="<%= t.peak %>"><%= it.percent(policy.peak) %></td><td data-label="<%= t.allowed %>"><%= it.number(policy.allowed) %></td><td data-label="<%= t.refusedHere %>"><%= it.number(policy.refused) %></td><td data-label="<%= t.undecided %>"><%= it.number(policy.undecided) %></td></tr>
<% } %>
</tbody>
</table>
</details>
<% } %>
</figure>
<% } %>
</div>
</section>
`;
