select
  records.id,
  records.name,
  {{ live_columns('records') }}
from {{ source('intercom_lake', 'teams_flat') }} as records
