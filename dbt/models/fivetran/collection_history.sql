select
  records.id,
  records.name,
  records.description,
  records.icon,
  records."order",
  records.parent_id,
  records.help_center_id,
  records.url,
  records.default_locale,
  records.workspace_id,
  records.created_at,
  records.updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'collections_flat') }} as records
