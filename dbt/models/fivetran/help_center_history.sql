select
  records.id,
  records.display_name,
  records.identifier,
  records.website_turned_on,
  records.workspace_id,
  records.created_at,
  records.updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'help_centers_flat') }} as records
