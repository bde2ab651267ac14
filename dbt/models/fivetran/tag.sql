select
  records.id,
  records.name,
  {{ live_columns('records') }}
from {{ source('intercom_lake', 'tags_flat') }} as records
