select
  records.id,
  records.title,
  records.description,
  records.body,
  records.url,
  records.state,
  'article' as type,
  records.author_id,
  case when records.parent_type = 'collection' then records.parent_id end as collection_id,
  cast(null as varchar) as section_id,
  records.parent_type,
  records.default_locale,
  records.workspace_id,
  records.created_at,
  records.updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'articles_flat') }} as records
